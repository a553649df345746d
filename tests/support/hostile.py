"""Templates of a stranger who means harm, each with what must come of it."""

from support.templates import one_step

EXPENSIVE, FAILED = "template_too_expensive", "render_failed"
BIG = "{% set big = 'a' * 1000000 %}"
TWICE = "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}"
OTHER = "{% set m = namespace(x=[1]) %}{% for i in range(60) %}{% set m.x = [m.x, m.x] %}{% endfor %}"
BOTH = "{{allOf: [{{$ref: '#/$defs/d{0}'}}, {{$ref: '#/$defs/d{0}'}}]}}"
DEFINITIONS = ", ".join(f"d{i}: {BOTH.format(i + 1)}" for i in range(40))

# What a prompt may try, and its end: the reason of the reject, or the code of what lint says of it.
PROMPTS = {
    # reaching out
    "class of a text": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", FAILED),
    "class through attr": ("{{ '' | attr('__class__') }}", FAILED),
    "class through an item": ("{{ ''['__class__'] }}", FAILED),
    "class through sort": ("{{ ['', 'a'] | sort(attribute='__class__') }}", FAILED),
    "class through sum": ("{{ [''] | sum(attribute='__class__') }}", FAILED),
    "class through selectattr": ("{{ [''] | selectattr('__class__') | list | length * 1 // 0 }}", FAILED),
    "class through format of a text": ("{{ '{0.__class__}'.format('') }}", FAILED),
    "class through format_map": ("{{ '{a.__class__}'.format_map({'a': ''}) }}", FAILED),
    "globals of range": ("{{ range.__globals__ }}", FAILED),
    "globals of cycler": ("{{ cycler.__init__.__globals__.os.environ }}", FAILED),
    "globals of joiner": ("{{ joiner.__init__.__globals__.os.environ }}", FAILED),
    "globals of namespace": ("{{ namespace.__init__.__globals__.os.environ }}", FAILED),
    "globals of dict": ("{{ dict.__base__ }}", FAILED),
    "self's context": ("{{ self._TemplateReference__context }}", FAILED),
    "insides of what is missing": ("{{ nothing._undefined_hint.__class__ }}", FAILED),
    "insides of a missing field": ("{{ seed.nothing._fail_with_undefined_error.__globals__ }}", FAILED),
    "insides of a macro": ("{% macro m() %}{% endmacro %}{{ m._environment.globals }}", FAILED),
    "insides of a loop": ("{% for i in [1] %}{{ loop._iterable.__class__ }}{% endfor %}", FAILED),
    "changing a row": ("{{ seed.update({'a': 1}) }}", FAILED),
    "changing a list": ("{% set l = [1] %}{{ l.append(l) }}", FAILED),
    "include of a file": ("{% include '/etc/passwd' %}", "unknown_template"),
    "import of a module": ("{% import 'os' as os %}{{ os.environ }}", "unknown_template"),
    "extends": ("{% extends '/etc/passwd' %}", "invalid_expression"),
    "autoescape and Markup": ("{% autoescape true %}{{ 'a' }}{% endautoescape %}", "invalid_expression"),
    # growing
    "multiplied text": ("{{ 'a' * 100000000 }}", EXPENSIVE),
    "multiplied list": ("{{ ([0] * 100000000) | length }}", EXPENSIVE),
    "multiplied twice": ("{{ ((['a' * 100000] * 1000000) ~ '') | length }}", EXPENSIVE),
    "power": ("{{ 9 ** 99999999 }}", EXPENSIVE),
    "multiplied number": (
        "{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}", EXPENSIVE),
    "rounded to a billion digits": ("{{ 5 | round(-1000000000) }}", FAILED),
    "rounded up": ("{{ 5 | round(1000000000, 'ceil') }}", FAILED),
    "width of format": ("{{ '%100000000d' | format(1) }}", EXPENSIVE),
    "precision of format": ("{{ '%1.999999999d' | format(1) }}", EXPENSIVE),
    "width behind a name": ("{{ '%(a)999999999d' | format(a=1) }}", EXPENSIVE),
    "one text formatted often": (BIG + "{{ ('%(a)s' * 10000) | format(a=big) }}", EXPENSIVE),
    "percent of a text": ("{{ '%100000000d' % 1 }}", FAILED),
    "format of a text": ("{{ '{:100000000}'.format(1) }}", FAILED),
    "center": ("{{ 'a' | center(100000000) }}", EXPENSIVE),
    "folded padding in a macro": (
        "{% macro m() %}{% for i in range(10000) %}{{ 'a' | center(1000000) }}{% endfor %}{% endmacro %}{{ m() }}",
        EXPENSIVE),
    "folded padding in a set block": (
        "{% set b %}{% for i in range(10000) %}{{ 'a' | center(1000000) }}{% endfor %}{% endset %}", EXPENSIVE),
    "folded padding in a filter block": (
        "{% filter upper %}{% for i in range(10000) %}{{ 'a' | center(1000000) }}{% endfor %}{% endfilter %}",
        EXPENSIVE),
    "ljust": ("{{ 'a'.ljust(100000000) }}", FAILED),
    "zfill": ("{{ 'a'.zfill(100000000) }}", FAILED),
    "expandtabs": ("{{ '\\t'.expandtabs(100000000) }}", FAILED),
    "indent": (BIG + "{{ ('\\n' * 100000) | indent(100000) }}", EXPENSIVE),
    "indent of json": ("{{ ([0] * 300000) | json(indent=1000) }}", EXPENSIVE),
    "wordwrap": (BIG + "{{ ('a ' * 400000) | wordwrap(1, wrapstring=big) }}", EXPENSIVE),
    "wordwrap of one long word": (BIG + "{{ big | wordwrap(1) }}", EXPENSIVE),
    "join": (BIG + "{{ ([big] * 100000) | join }}", EXPENSIVE),
    "join by a long separator": (BIG + "{{ range(10000) | join(big) }}", EXPENSIVE),
    "join of a row's values": (BIG + "{{ ''.join({'a': big, 'b': big, 'c': big}.values()) }}", EXPENSIVE),
    "join of what comes one by one": (BIG + "{{ big.join(range(10000) | map('string')) }}", EXPENSIVE),
    "replace": (BIG + "{{ big | replace('a', big) }}", EXPENSIVE),
    "replace of a text": (BIG + "{{ big.replace('', big) }}", EXPENSIVE),
    "sum of lists": ("{{ ([[0] * 100000] * 100000) | sum(start=[]) | length }}", EXPENSIVE),
    "upper of many": (BIG + "{{ ([big] * 100000) | map('upper') | list | length }}", EXPENSIVE),
    "sort of many": (BIG + "{{ ([big] * 100000) | sort | length }}", EXPENSIVE),
    "batch": ("{{ [1] | batch(100000000, 0) }}", EXPENSIVE),
    "slice": ("{{ [1] | slice(100000000) | list }}", EXPENSIVE),
    "range": ("{{ range(1000000000) | list }}", EXPENSIVE),
    "doubling by +": (
        "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}", EXPENSIVE),
    "doubling by ~": (
        "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}", EXPENSIVE),
    "doubling by nesting": (TWICE + "{{ n.x }}", EXPENSIVE),
    "doubling by blocks": (
        ("{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set y %}{{ n.x }}{{ n.x }}{% endset %}"
        "{% set n.x = y %}{% endfor %}"), EXPENSIVE),
    "comparing what was doubled": (TWICE + OTHER + "{{ n.x == m.x }}", EXPENSIVE),
    "finding what was doubled": (TWICE + OTHER + "{{ n.x in [m.x] }}", EXPENSIVE),
    "counting what was doubled": (TWICE + OTHER + "{{ [m.x].count(n.x) }}", EXPENSIVE),
    "a key that was doubled": (
        ("{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}"
        "{{ {n.x: 1} | length }}"), EXPENSIVE),
    "keeping slices": (
        BIG + "{% set n = namespace(l=[]) %}{% for i in range(9999) %}{% set n.l = n.l + [big[i:]] %}{% endfor %}",
        EXPENSIVE),
    "a block that prints much": (
        BIG + "{% set x %}{% for i in range(9999) %}{{ big }}{% endfor %}{% endset %}{{ x | length }}", EXPENSIVE),
    "a macro that prints much": (
        BIG + "{% macro m() %}{% for i in range(9999) %}{{ big }}{% endfor %}{% endmacro %}{{ m() | length }}",
        EXPENSIVE),
    # taking time
    "nested loops": (
        ("{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}"
        "{% endfor %}"), EXPENSIVE),
    "loops whose condition never holds": (
        "{% for a in range(9999) %}{% for b in range(9999) if b < 0 %}{% endfor %}{% endfor %}", EXPENSIVE),
    "filters in loops": (
        BIG + "{% for a in range(9999) %}{% if big | wordcount > 5 %}{% endif %}{% endfor %}", EXPENSIVE),
    "chains of select in loops": (
        "{% for a in range(9999) %}{% if range(9999) | select | select | select | list %}{% endif %}{% endfor %}",
        EXPENSIVE),
    "a macro that calls itself": ("{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}", FAILED),
    "a macro that calls itself twice": (
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}", EXPENSIVE),
    "a loop that calls itself": (
        "{% for i in [1] recursive %}{{ loop([1, 2]) }}{% endfor %}", FAILED),
    "a loop that calls itself with much": (
        "{% for i in [1] recursive %}{% if loop.depth < 9 %}{{ loop(range(9999)) }}{% endif %}{% endfor %}", EXPENSIVE),
    "a long division": (
        "{% set x = 0x" + "f" * 20_000 + " %}{% for i in range(9999) %}{% if x // 7 %}{% endif %}{% endfor %}",
        "invalid_expression"),
    "sentences of exclamation marks": ("{{ (('!' * 200000) ~ 'x') | sentences(1) | length }}", EXPENSIVE),
    "half a surrogate pair": (r"{{ '\ud800' }}", FAILED),
}  # fmt: skip

# What looks like an attack and is none, and what comes of it.
HARMLESS = {
    "class through map": ("{{ [''] | map(attribute='__class__') | list }}", "[Undefined]"),
    "class through groupby": ("{{ [''] | groupby('__class__') }}", "[(Undefined, [''])]"),
    "a number of many digits": ("{{ ('f' * 900000) | int(base=16) > 0 }}", "False"),
    "self": ("{{ self | string | length > 0 }}", "True"),
    "the names of a cycler": ("{{ cycler('a', 'b').next() }}", "a"),
    "a NUL in an escape": (r"{{ 'a\0b' | length }}", "3"),
    "the environment by name": ("{{ environ is defined }}{{ os is defined }}", "FalseFalse"),
    "an empty loop of loops": ("{% for a in [] recursive %}{{ loop([a]) }}{% endfor %}ok", "ok"),
}


def _with_schema(schema: str) -> str:
    return f"{one_step()}    output: {schema}\n"


# What the source itself may try, and the code of what lint says of it; nothing where it is only slow elsewhere.
SOURCES = {
    "alias bomb": (
        "name: a\na: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        "too_large"),
    "an alias of itself": ("a: &a [*a]\n", "invalid_yaml"),
    "10,000 levels of flow": ("a: " + "[" * 10_000 + "]" * 10_000, "too_large"),
    "10,000 levels of braces": ("a: " + "{a: " * 10_000 + "}" * 10_000, "too_large"),
    "10,000 levels of lists": ("- " * 10_000 + "x", "too_large"),
    "100 MB of source": ("# " + "a" * 100 * 1024**2, "too_large"),
    "a NUL": ("name: a\0b\n", "invalid_yaml"),
    "half a surrogate pair": ("name: \ud800\n", "invalid_yaml"),
    "half a surrogate pair as an escape": ('name: "\\ud800"\n', "invalid_yaml"),
    "a scalar of 250 KB": ("name: " + "a" * 250_000, "missing_key"),
    "merge keys": ("name: a\nsteps: []\n<<: {name: b}\n", "unknown_key"),
    "a Python tag": ("!!python/object/apply:os.system ['id']\n", "invalid_yaml"),
    "a duplicate key": ("name: a\nname: b\n", "duplicate_key"),
    "20,000 keys": ("".join(f"k{i}: 1\n" for i in range(20_000)), "too_large"),
    "a huge whole number": (f"{one_step()}    max_tokens: {'9' * 200_000}\n", "wrong_type"),
    "a huge number": (f"{one_step()}    temperature: 1e999999999\n", "wrong_type"),
    "a pattern that backtracks": (_with_schema("{type: string, pattern: '(a+)+$'}"), ""),
    "a pattern that looks around": (_with_schema("{type: string, pattern: '(?=a)'}"), "invalid_schema"),
    "a pattern that multiplies": (_with_schema(r"{type: string, pattern: '((\w{100}){100}){100}'}"), "invalid_schema"),
    "references that multiply": (
        _with_schema(f"{{$ref: '#/$defs/d0', $defs: {{{DEFINITIONS}, d40: {{type: integer}}}}}}"), "invalid_schema"),
    "a schema within itself twice": (
        _with_schema("{type: object, properties: {a: {allOf: [{$ref: '#'}, {$ref: '#'}]}}}"), "invalid_schema"),
    "a schema fetched from elsewhere": (_with_schema("{$ref: 'file:///etc/passwd'}"), "invalid_schema"),
    "many expressions": (one_step("{% if slot %}{% endif %}" * 9_000), "too_expensive"),
    "many macros": (one_step("".join(f"{{% macro m{i}() %}}{{% endmacro %}}" for i in range(5_000))), "too_expensive"),
    "a long chain of fields": (one_step("{{ seed" + ".a" * 60_000 + " }}"), "invalid_expression"),
    "a long sum": (one_step("{{ 1" + "+1" * 60_000 + " }}"), "invalid_expression"),
    "20,000 brackets": (one_step("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}"), "invalid_expression"),
    "200 nested loops": (
        one_step("{% for a in [1] %}" * 200 + "x" + "{% endfor %}" * 200), "invalid_expression"),
    "a number of 100,000 digits": (one_step("{{ " + "9" * 100_000 + " }}"), "invalid_expression"),
    "a fragment that includes itself": (
        one_step("{% include 'f' %}") + "---\nname: f\nversion: 1\nfragment: >\n  {% include 'f' %}\n",
        "unknown_template"),
    "a large fragment taken 60 times": (
        one_step("{% include 'f' %}" * 60)
        + "---\nname: f\nversion: 1\nfragment: '" + "{{ slot }} " * 10_000 + "'\n", "unknown_template"),
}  # fmt: skip
