"""The breaker: what proves that a model will not answer, and what does not."""

import pytest

from gristmill.errors import CallRefusedError, ModelError, ProviderFaultError
from gristmill.generation.breaker import (
    FAULT_LIMIT,
    FAULT_SECONDS,
    HOPELESS_LIMIT,
    REFUSED_LIMIT,
    UNREACHED_SECONDS,
    Breaker,
)

WRONG_KEY = CallRefusedError("Wrong key.", status=401, hopeless=True)
REFUSED = CallRefusedError("Not this prompt.")
NOBODY = ProviderFaultError("No connection.", sent=False)
FAULT = ProviderFaultError("Down.", status=500)


@pytest.mark.parametrize(("error", "limit"), [(WRONG_KEY, HOPELESS_LIMIT), (REFUSED, REFUSED_LIMIT)])
def test_so_many_refusals_in_a_row_give_a_model_up_in_its_own_words(error: ModelError, limit: int) -> None:
    breaker = Breaker()
    for _ in range(limit - 1):
        breaker.fail(error, 0.0)
    assert breaker.words is None
    breaker.fail(error, 0.0)
    assert breaker.words == str(error)


@pytest.mark.parametrize("error", [WRONG_KEY, REFUSED, FAULT])
def test_an_answer_between_them_proves_that_the_model_works(error: ModelError) -> None:
    breaker = Breaker()
    for second in range(2 * FAULT_LIMIT):
        breaker.fail(error, second * 10.0)
        breaker.succeed()
    assert breaker.words is None


def test_faults_give_a_model_up_only_when_they_are_many_and_last_long() -> None:
    many, long = Breaker(), Breaker()
    for _ in range(2 * FAULT_LIMIT):
        many.fail(FAULT, 0.0)
    assert many.words is None
    for number in range(FAULT_LIMIT - 1):
        long.fail(FAULT, number * FAULT_SECONDS)
    assert long.words is None
    many.fail(FAULT, FAULT_SECONDS)
    long.fail(FAULT, FAULT_LIMIT * FAULT_SECONDS)
    assert many.words == long.words == "Down."


@pytest.mark.parametrize("reached", [False, True])
def test_an_address_where_nobody_was_ever_reached_is_given_up_sooner(reached: bool) -> None:
    breaker = Breaker()
    if reached:
        breaker.fail(FAULT, 0.0)
    for _ in range(FAULT_LIMIT):
        breaker.fail(NOBODY, 0.0)
    breaker.fail(NOBODY, UNREACHED_SECONDS - 1)
    assert breaker.words is None
    breaker.fail(NOBODY, 2 * UNREACHED_SECONDS)
    assert breaker.words == (None if reached else "No connection.")


def test_the_first_words_stand() -> None:
    breaker = Breaker()
    for _ in range(HOPELESS_LIMIT):
        breaker.fail(WRONG_KEY, 0.0)
    breaker.fail(REFUSED, 0.0)
    assert breaker.words == "Wrong key."
