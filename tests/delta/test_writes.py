"""What a write keeps and refuses, and what changed since: the laws of any lakehouse, on the real engine."""

from tests.lakehouse.test_feed import (
    test_a_feed_vacuumed_away_says_so,
    test_a_table_made_anew_has_no_changes_to_tell,
    test_images_before_and_after,
    test_types_of_the_answer_are_the_declared_ones,
    worked,
)
from tests.lakehouse.test_writes import (
    filled,
    test_a_frame_is_pinned_and_old_versions_stay,
    test_a_null_in_a_required_column_is_refused,
    test_an_undeclared_struct_field_is_refused_by_name,
    test_duplicate_and_null_keys_are_refused_by_name,
    test_every_type_comes_back_as_it_went,
    test_keys_may_be_all_there_is,
    test_many_rows_of_a_day_that_held_none,
    test_no_rows_are_no_commit,
    test_struct_fields_go_by_name,
    test_the_order_of_a_map_is_no_change,
    test_the_same_rows_make_no_version,
)

__all__ = [
    "filled",
    "test_a_feed_vacuumed_away_says_so",
    "test_a_frame_is_pinned_and_old_versions_stay",
    "test_a_null_in_a_required_column_is_refused",
    "test_a_table_made_anew_has_no_changes_to_tell",
    "test_an_undeclared_struct_field_is_refused_by_name",
    "test_duplicate_and_null_keys_are_refused_by_name",
    "test_every_type_comes_back_as_it_went",
    "test_images_before_and_after",
    "test_keys_may_be_all_there_is",
    "test_many_rows_of_a_day_that_held_none",
    "test_no_rows_are_no_commit",
    "test_struct_fields_go_by_name",
    "test_the_order_of_a_map_is_no_change",
    "test_the_same_rows_make_no_version",
    "test_types_of_the_answer_are_the_declared_ones",
    "worked",
]
