"""The lines of auth, settings and admin."""

from collections.abc import Mapping
from typing import Final

_WHOLE = "test_what_is_no_such_request_is_refused_with_a_sentence"
_BUSY = "test_a_busy_store_lets_nobody_in"
_OFTEN = "test_whoever_tries_too_often_is_told_how_long_to_wait"
_ENTERED = "test_an_account_is_signed_up_for_verified_and_entered"
_GUESSED = "test_a_password_is_not_guessed_where_it_is_asked_for_once_more"
_LOGIN = "test_a_key_does_nothing_that_needs_a_login"
_CHANGED = "test_a_password_is_changed_and_every_other_login_ends"
_DELETED = "test_an_account_is_deleted_by_its_password_once_no_job_runs"
_KEYS = "test_keys_are_made_listed_used_and_revoked"
_FORM = "test_a_request_of_another_form_is_refused"
_USERS = "test_an_admin_finds_users_page_by_page"
_CHANGE = "test_an_admin_changes_a_users_role_and_limits"
_AUDIT = "test_the_audit_log_says_who_did_what_newest_first"
_MODELS = "test_models_are_described_and_shown_without_their_keys"

ROWS: Final[Mapping[str, Mapping[int, str]]] = {
    "POST /auth/signup": {
        202: "test_nobody_learns_whether_an_address_is_known",
        403: "test_where_signup_is_closed_an_admin_is_asked",
        422: _WHOLE,
        429: _OFTEN,
        503: _BUSY,
    },
    "POST /auth/verify": {200: _ENTERED, 422: "test_a_link_that_is_none_verifies_nobody", 503: _BUSY},
    "POST /auth/login": {
        200: _ENTERED,
        401: "test_nobody_learns_whether_an_address_is_known",
        403: "test_an_address_that_is_not_confirmed_opens_nothing",
        422: _WHOLE,
        429: _OFTEN,
        503: _BUSY,
    },
    "POST /auth/refresh": {
        200: "test_a_refresh_token_is_good_once_and_its_reuse_ends_the_login",
        401: "test_a_refresh_token_that_is_none_opens_nothing",
        422: _WHOLE,
        503: _BUSY,
    },
    "POST /auth/logout": {204: "test_logging_out_ends_one_login_with_all_its_tokens", 403: _LOGIN},
    "POST /auth/password/forgot": {
        202: "test_only_the_known_address_is_mailed_a_way_back_in",
        422: _WHOLE,
        429: _OFTEN,
        503: _BUSY,
    },
    "POST /auth/password/reset": {
        204: "test_a_forgotten_password_is_set_anew_by_a_link_that_is_good_once",
        422: _WHOLE,
        503: _BUSY,
    },
    "POST /auth/password": {204: _CHANGED, 401: _CHANGED, 403: _LOGIN, 422: _CHANGED, 429: _GUESSED},
    "GET /auth/me": {200: _ENTERED},
    "DELETE /auth/me": {204: _DELETED, 401: _DELETED, 403: _LOGIN, 409: "test_the_last_admin_stays", 429: _GUESSED},
    "GET /auth/keys": {200: _KEYS},
    "POST /auth/keys": {
        201: _KEYS,
        403: "test_a_key_may_no_more_than_who_makes_it",
        422: "test_a_key_that_cannot_be_is_refused",
    },
    "DELETE /auth/keys/{id}": {204: _KEYS},
    "GET /admin/users": {200: _USERS},
    "PATCH /admin/users/{id}": {
        200: _CHANGE,
        404: "test_a_user_who_is_not_there_is_not_found",
        409: "test_nobody_shuts_out_themselves_or_the_last_admin",
        422: "test_a_change_of_a_user_that_cannot_be_is_refused",
    },
    "GET /admin/audit": {200: _AUDIT},
    "GET /settings/models": {200: _MODELS},
    "PUT /settings/models": {200: _MODELS, 422: "test_no_address_inside_is_taken"},
    "GET /models": {
        200: "test_the_models_that_can_be_named_are_listed_with_prices",
        422: "test_keys_that_were_sealed_under_another_secret_are_said_to_be",
    },
    "POST /models/test": {
        200: "test_a_model_is_asked_one_short_question",
        422: "test_a_model_that_nobody_answers_for_is_refused",
    },
}
