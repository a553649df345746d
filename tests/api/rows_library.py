"""The lines of templates and seeds."""

from collections.abc import Mapping
from typing import Final

_KEPT = "test_a_template_is_kept_shown_and_listed"
_NAME = "test_a_name_is_taken_once_and_a_template_keeps_its_own"
_BROKEN = "test_a_template_that_does_not_compile_is_refused_with_every_place"
_VERSIONS = "test_the_newest_source_again_makes_no_version"
_DIFF = "test_what_differs_between_versions_is_shown"
_PUBLIC = "test_what_is_published_everybody_reads_forks_and_takes_from_until_it_is_not"
_FORK = "test_a_version_that_is_not_there_is_not_forked"
_TEMPLATES = "test_templates_are_listed_page_by_page_in_an_order"
_ARCHIVE = "test_a_template_is_archived_and_taken_out_again"
_LINT = "test_lint_refuses_seeds_that_are_not_there_or_not_drawn_from"
_PREVIEW = "test_a_preview_that_cannot_be_is_refused"
_ONCE = "test_a_post_that_is_sent_twice_with_one_key_is_done_once"
_AGAIN = "test_a_key_of_another_request_is_a_conflict_everywhere"
_IDS = "test_an_id_that_is_none_is_refused"
_FILE = "test_a_file_of_rows_is_kept_shown_and_listed"
_FORM = "test_a_request_without_a_file_or_with_odd_fields_is_refused"
_LARGE = "test_a_body_that_is_too_large_is_not_read"
_DIRECT = "test_where_files_cannot_be_sent_directly_a_sentence_says_so"
_SENT = "test_a_file_that_was_sent_to_the_blobs_is_completed_once_it_came"
_MADE = "test_rows_that_cannot_be_made_are_refused"
_CHECK = "test_rows_are_checked_against_a_template"
_ROWS = "test_rows_are_read_page_by_page"
_SETS = "test_sets_are_listed_page_by_page_newest_first"

ROWS: Final[Mapping[str, Mapping[int, str]]] = {
    "GET /templates": {200: _KEPT, 422: _TEMPLATES},
    "POST /templates": {201: _KEPT, 409: _NAME, 422: _BROKEN},
    "GET /templates/public": {200: _PUBLIC, 422: _TEMPLATES},
    "POST /templates/lint": {
        200: "test_lint_says_what_is_wrong_or_doubtful_and_keeps_nothing",
        404: _LINT,
        422: _LINT,
    },
    "POST /templates/preview": {
        200: "test_a_preview_with_calls_is_a_job_that_lists_do_not_show",
        403: "test_a_preview_beyond_the_users_limit_is_refused",
        404: _PREVIEW,
        422: _PREVIEW,
    },
    "GET /templates/{id}": {200: _KEPT, 422: _IDS},
    "PUT /templates/{id}": {200: _VERSIONS, 409: _NAME, 422: _BROKEN},
    "DELETE /templates/{id}": {
        204: "test_a_template_is_deleted_unless_a_job_was_made_from_it",
        409: "test_a_template_is_deleted_unless_a_job_was_made_from_it",
        422: _IDS,
    },
    "GET /templates/{id}/versions": {200: _VERSIONS, 422: _IDS},
    "GET /templates/{id}/diff": {200: _DIFF, 422: _DIFF},
    "GET /templates/{id}/source": {200: "test_a_source_comes_back_byte_for_byte", 422: _IDS},
    "POST /templates/{id}/fork": {201: _PUBLIC, 409: _AGAIN, 422: _FORK},
    "POST /templates/{id}/archive": {200: _ARCHIVE, 409: _AGAIN, 422: _IDS},
    "DELETE /templates/{id}/archive": {200: _ARCHIVE, 422: _IDS},
    "POST /templates/{id}/publish": {200: _PUBLIC, 409: _PUBLIC, 422: _IDS},
    "DELETE /templates/{id}/publish": {200: _PUBLIC, 422: _IDS},
    "POST /seeds": {201: _FILE, 413: "test_a_file_that_is_too_large_is_refused_and_nothing_kept", 422: _FORM},
    "GET /seeds": {200: _SETS, 422: _SETS},
    "POST /seeds/uploads": {201: _SENT, 409: _AGAIN, 413: _LARGE, 422: _DIRECT},
    "POST /seeds/uploads/{id}/complete": {201: _SENT, 409: _SENT, 413: _LARGE, 422: _DIRECT},
    "POST /seeds/generate": {
        202: "test_rows_that_a_model_makes_become_a_set_of_the_jobs_name",
        404: _MADE,
        409: "test_an_order_of_rows_is_done_once_for_a_key",
        413: _LARGE,
        422: _MADE,
    },
    "GET /seeds/{id}": {200: _FILE, 422: _IDS},
    "DELETE /seeds/{id}": {
        204: "test_the_same_rows_of_two_users_are_two_sets",
        409: "test_a_set_that_a_job_draws_from_stays",
        422: _IDS,
    },
    "GET /seeds/{id}/rows": {200: _ROWS, 422: _ROWS},
    "POST /seeds/{id}/check": {200: _CHECK, 404: _CHECK, 422: _CHECK},
}
