"""Gold facts: plain functions, DataFrames in, DataFrame out, one file a table family."""
