"""A template written, tried and mistreated in the editor."""

import re

from playwright.sync_api import expect

from support.browser import FACTS, Window, bring_seeds, keep_template, write_source


def test_a_good_template_shows_its_prompts_and_real_replies(window: Window) -> None:
    bring_seeds(window)
    window.go("/templates/new")
    write_source(window, FACTS)
    expect(window.page.locator("#preview")).to_contain_text("A fact about product 0: It turns.", timeout=10_000)
    window.page.get_by_role("button", name="The next record").click()
    expect(window.page.locator("#preview")).to_contain_text("A fact about product 1: It turns.")
    window.press("Try 3 records")
    expect(window.page.locator("#tried")).to_contain_text("product 2", timeout=30_000)
    window.sees("No errors and no warnings.")


def test_a_mistake_is_named_at_its_line_and_nothing_typed_is_lost(window: Window) -> None:
    window.watch.expect("422")
    window.go("/templates/new")
    broken = FACTS.replace("steps.fact.output", "steps.fakt.output")
    write_source(window, broken)
    findings = window.page.locator("#findings")
    expect(findings).to_contain_text("fakt", timeout=10_000)
    expect(findings).to_contain_text("7:")
    expect(window.page.locator(".cm-lint-marker-error")).to_have_count(1)
    window.press("Save template")
    window.sees(re.compile("fakt"))
    expect(window.page.locator(".cm-content")).to_contain_text("steps.fakt.output")
    write_source(window, FACTS)
    expect(findings).to_contain_text("No errors", timeout=10_000)
    window.press("Save template")
    window.sees("The template is saved.")


def test_a_hostile_template_harms_nobody_and_is_told_why(window: Window) -> None:
    window.watch.expect("422")
    for hostile in (
        FACTS.replace("It turns", "").replace("A fact about", "{% for i in range(10**9) %}x{% endfor %}"),
        FACTS.replace("A fact about", "{{ 'x' * 10**10 }}"),
        FACTS.replace("A fact about", "{{ ''.__class__.__mro__ }}"),
        "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a, *a]\n" for i in range(50)),
        "name: facts\nsteps: [",
        "\u0000",
        FACTS + "# " + "x" * 300_000,
    ):
        window.go("/templates/new")
        window.page.once("dialog", lambda dialog: dialog.accept())
        write_source(window, hostile)
        expect(
            window.page.locator("#findings .bad, #findings [data-severity='error'], #findings li").first
        ).to_be_visible(timeout=20_000)
        window.page.close(run_before_unload=False)
        window.page = window.page.context.new_page()
    assert keep_template(window)


def test_words_are_completed_where_they_can_stand(window: Window) -> None:
    bring_seeds(window)
    window.go("/templates/new")
    seeds = window.page.get_by_label("Seeds")
    seeds.select_option(value=seeds.locator("option").nth(1).get_attribute("value"))
    expect(window.page.locator("#preview")).to_contain_text("product 0", timeout=10_000)
    write_source(window, "name: facts\nsteps:\n  - id: fact\n    prompt: Tell of {{ pro")
    offered = window.page.locator(".cm-tooltip-autocomplete")
    window.page.keyboard.press("Control+Space")
    expect(offered).to_contain_text("product", timeout=10_000)
    offered.get_by_role("option", name="product").click()
    window.page.keyboard.type(".n")
    expect(offered).to_contain_text("name")


def test_versions_stand_side_by_side_and_an_old_one_comes_back(window: Window) -> None:
    template = keep_template(window)
    write_source(window, FACTS.replace("A fact about", "Something new about"))
    window.press("Save")
    window.sees("Saved as a new version.")
    window.go(f"{template}/diff?from=1&to=2")
    window.sees(re.compile("A fact about"))
    window.sees(re.compile("Something new about"))
    window.go(f"{template}/versions")
    window.page.once("dialog", lambda dialog: dialog.accept())
    window.press("Restore")
    window.sees("The old version is restored")
    window.go(template)
    expect(window.page.locator(".cm-content")).to_contain_text("A fact about")
