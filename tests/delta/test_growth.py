"""Declarations that changed after their table was made: the laws of any lakehouse, on the real engine."""

from tests.lakehouse.test_growth import (
    filled,
    test_a_gained_column_is_null_in_old_rows_and_written_in_new,
    test_a_gained_required_column_is_refused_where_rows_lack_it,
    test_a_gained_struct_field_is_null_in_old_rows,
)

__all__ = [
    "filled",
    "test_a_gained_column_is_null_in_old_rows_and_written_in_new",
    "test_a_gained_required_column_is_refused_where_rows_lack_it",
    "test_a_gained_struct_field_is_null_in_old_rows",
]
