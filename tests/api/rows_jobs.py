"""The lines of jobs, records, exports, dashboard and operations."""

from collections.abc import Mapping
from typing import Final

_LARGE = "test_a_body_that_is_too_large_is_refused_before_it_is_read"
_LONG = "test_an_id_that_is_too_long_is_refused"
_STATES = "test_a_job_is_paused_goes_on_and_is_cancelled"
_ENDED = "test_what_has_ended_cannot_be_stopped"
_STOPPING = "test_a_job_that_is_stopping_does_not_go_on_before_it_has_stopped"
_RICHER = "test_a_job_that_ran_out_of_money_goes_on_when_it_gets_more"
_REFUSED = "test_an_order_that_cannot_be_is_refused_and_makes_no_job"
_KEY = "test_a_key_stands_for_one_request_alone"
_DELETED = "test_a_deleted_job_is_gone_with_its_files_and_its_costs_stay"
_MORE = "test_a_job_that_has_ended_makes_more_and_keeps_what_it_made"
_CURSOR = "test_a_cursor_of_no_page_is_refused"
_UNFIT = "test_what_cannot_be_exported_so_is_refused_with_a_sentence"
_LIMIT = "test_an_order_past_a_limit_of_its_owner_is_refused"
_MACHINES = "test_a_part_that_does_not_answer_is_named"

ROWS: Final[Mapping[str, Mapping[int, str]]] = {
    "POST /jobs/estimate": {
        200: "test_an_estimate_spends_and_orders_nothing",
        404: "test_seeds_and_templates_of_others_are_none",
        413: _LARGE,
        422: "test_an_estimate_spends_and_orders_nothing",
    },
    "POST /jobs": {
        201: "test_an_order_is_answered_with_the_whole_job",
        403: _LIMIT,
        404: _REFUSED,
        409: _KEY,
        413: _LARGE,
        422: _REFUSED,
    },
    "GET /jobs": {
        200: "test_pilots_are_listed_apart_and_lists_go_on_where_they_ended",
        422: "test_a_list_that_cannot_be_asked_for_is_refused",
    },
    "GET /jobs/{id}": {200: "test_an_order_is_answered_with_the_whole_job", 422: _LONG},
    "DELETE /jobs/{id}": {204: _DELETED, 409: _DELETED, 422: _LONG},
    "POST /jobs/{id}/pause": {200: _STATES, 409: _ENDED, 422: _LONG},
    "POST /jobs/{id}/resume": {200: _STATES, 409: _STOPPING, 422: _LONG},
    "POST /jobs/{id}/cancel": {200: _STATES, 409: _ENDED, 422: _LONG},
    "POST /jobs/{id}/top-up": {200: _RICHER, 403: _LIMIT, 409: _KEY, 413: _LARGE, 422: _RICHER},
    "POST /jobs/{id}/extend": {200: _MORE, 409: _STOPPING, 413: _LARGE, 422: _MORE},
    "POST /jobs/{id}/retry-rejects": {
        200: "test_records_that_could_not_be_made_are_tried_once_more",
        409: "test_a_job_of_which_nothing_was_given_up_has_nothing_to_try_again",
        422: _LONG,
    },
    "POST /jobs/{id}/clone": {
        201: "test_a_clone_makes_the_same_records_byte_for_byte",
        403: _LIMIT,
        409: _KEY,
        422: _LONG,
    },
    "GET /jobs/{id}/events": {
        200: "test_the_history_comes_from_the_start_and_ends_with_the_job",
        422: "test_an_id_that_no_event_has_is_refused",
    },
    "GET /jobs/{id}/records": {
        200: "test_each_filter_holds_of_everything_that_is_found",
        422: "test_a_query_that_cannot_be_asked_is_refused",
    },
    "GET /jobs/{id}/records/{slot}": {
        200: "test_the_trace_of_a_record_shows_every_attempt_and_call",
        404: "test_a_slot_of_which_nothing_is_known_has_no_trace",
        422: "test_a_slot_of_which_nothing_is_known_has_no_trace",
    },
    "PUT /jobs/{id}/marks": {
        204: "test_marks_are_set_changed_and_taken_away",
        413: _LARGE,
        422: "test_a_mark_that_cannot_be_is_refused",
    },
    "GET /jobs/{id}/rejects": {200: "test_rejects_are_counted_by_reason_with_a_few_of_each", 422: _LONG},
    "GET /jobs/{id}/ledger": {
        200: "test_the_ledger_adds_up_to_the_bill_to_the_nano_dollar",
        422: _CURSOR,
    },
    "GET /jobs/{id}/statistics": {200: "test_statistics_are_of_all_records", 422: _LONG},
    "POST /jobs/{id}/exports": {
        201: "test_json_lines_hold_the_records_in_their_order",
        409: _KEY,
        413: _LARGE,
        422: _UNFIT,
    },
    "GET /jobs/{id}/exports": {200: "test_exports_are_listed_newest_first_and_are_their_owners", 422: _LONG},
    "GET /exports/{id}/download": {
        200: "test_json_lines_hold_the_records_in_their_order",
        206: "test_a_part_of_a_file_is_downloaded",
        409: "test_a_large_export_is_made_in_the_background_and_by_another_when_its_maker_died",
        416: "test_a_part_that_is_not_there_is_refused",
        422: _LONG,
    },
    "GET /stats": {200: "test_everything_in_numbers_equals_the_ledgers_of_all_jobs"},
    "GET /stats/costs": {
        200: "test_costs_are_the_sums_of_the_ledgers",
        422: "test_costs_that_cannot_be_asked_for_are_refused",
    },
    "GET /healthz": {200: "test_a_server_answers_that_it_lives"},
    "GET /readyz": {200: "test_a_server_without_workers_is_not_ready_and_says_so", 503: _MACHINES},
    "GET /metrics": {
        200: "test_metrics_tell_what_all_jobs_add_up_to",
        503: "test_figures_that_cannot_be_read_are_none",
    },
}
