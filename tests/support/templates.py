"""Templates that tests share, and the shortest ways to compile one."""

from textwrap import dedent, indent

from gristmill.errors import Finding
from gristmill.recipes import Recipe, compile_template, lint_template

SUPPORT_QA = """\
name: support-qa
description: Questions and answers about a product line
seeds:
  type: object
  required: [product]
  properties: {product: {type: object}}
vary:
  tone: [formal, friendly, terse]
  difficulty: {choice: {easy: 5, medium: 3, hard: 2}}
  age: {integer: [18, 90]}
  price: {number: [1.0, 99.0], round: 2}
  warmth: {number: [0, 1]}
defaults: {model: cheap, temperature: 0.8, max_tokens: 300}
steps:
  - id: question
    prompt: |
      Write one {{ difficulty }} question of a customer of {{ age }} who paid {{ price }} ({{ warmth }})
      about {{ product.name }}: {{ product.text | truncate_tokens(200) }}
    output: {type: object, required: [question], properties: {question: {type: string, minLength: 10}}}
  - id: answer
    model: premium
    system: You are a {{ tone }} support agent.
    prompt: "{{ steps.question.output.question }}"
    stop: ["###"]
    timeout: 30
  - id: hint
    when: "{{ difficulty == 'hard' }}"
    prompt: "Give a one-line hint for: {{ steps.question.output.question }}"
record:
  question: "{{ steps.question.output.question }}"
  answer: "{{ steps.answer.output }}"
  hint: "{{ steps.hint.output | default('') }}"
checks:
  - {expect: "{{ record.answer | length > 20 }}", reason: answer too short}
  - {unique: question}
attempts: {repair: 1, redraw: 2}
"""


def one_step(prompt: str = "hello", rest: str = "") -> str:
    """A template of one step `q` with this prompt, as a block, and further lines below the step."""
    return f"name: one\nsteps:\n  - id: q\n    prompt: |\n{indent(prompt, ' ' * 6)}\n{dedent(rest)}"


def compile_prompt(prompt: str, rest: str = "") -> Recipe:
    """The recipe of such a template."""
    return compile_template(one_step(prompt, rest))


def findings_of(source: str, severity: str = "error") -> list[Finding]:
    """What lint says of a source, of one severity."""
    return [finding for finding in lint_template(source) if finding.severity == severity]


def codes_of(source: str, severity: str = "error") -> list[str]:
    """The codes of those findings."""
    return [finding.code for finding in findings_of(source, severity)]
