import pytest

from gristmill.cli.rows import show_inset
from gristmill.cli.terminal import OUT


def test_where_nobody_looks_a_long_text_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show_inset("reply: ", "w" * 500 + "\nmore")
    assert capsys.readouterr().out == f"  reply: {'w' * 500}\n  more\n"


def test_on_a_narrow_terminal_every_line_of_a_text_is_set_in(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OUT, "_force_terminal", True)
    monkeypatch.setattr(OUT, "_width", 30)
    monkeypatch.setattr(OUT, "_color_system", None)
    show_inset("reply: ", "word " * 20 + "w" * 50)
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("  ") and len(line) <= 30 for line in lines)
    assert "".join(lines).count("w") == 70
