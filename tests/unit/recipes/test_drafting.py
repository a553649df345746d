from gristmill.domain.ids import Slot
from gristmill.domain.scope import Scope
from gristmill.recipes import compile_template, draft_attempt

JUDGED = """\
name: judged
steps:
  - {id: q, prompt: "About {{ city }}"}
  - {id: more, when: "{{ city == 'Oslo' }}", prompt: "More on {{ steps.q.output }}"}
record: {q: "RECORD"}
checks: [{judge: cheap, ask: "Is {{ record.q }} good?"}]
"""
SCOPE = Scope(slot=Slot(0), seed={"city": "Lima"})


def test_a_draft_shows_steps_and_judges_with_placeholders() -> None:
    recipe = compile_template(JUDGED.replace("RECORD", "{{ steps.q.output }}"))
    question, more, judge = draft_attempt(recipe, SCOPE, {"q": 3})
    assert question.messages[0].content == "About Lima"
    assert not more.is_wanted
    assert judge.step == "judge:1"
    assert "Is ‹q›xxx good?" in judge.messages[1].content


def test_a_judge_that_no_placeholder_serves_is_there_without_words_or_blame() -> None:
    recipe = compile_template(JUDGED.replace("RECORD", "{{ 1 // (steps.q.output | length - 3) }}"))
    *_, judge = draft_attempt(recipe, SCOPE, {})
    assert (judge.step, judge.messages, judge.problem) == ("judge:1", (), "")


def test_a_prompt_that_cannot_be_rendered_says_why() -> None:
    recipe = compile_template(JUDGED.replace("About {{ city }}", "{{ city / 2 }}").replace("RECORD", "x"))
    question, *_ = draft_attempt(recipe, SCOPE, {})
    assert question.problem.startswith("steps.q.prompt: ")
    assert question.messages == ()
