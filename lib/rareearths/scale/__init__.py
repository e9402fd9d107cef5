"""Questions over the trade of the world: every importer, every product, every year.

`store` holds flows as Parquet partitioned by revision, release and year, `baci_store` fills it from
CEPII's archives, `engine` opens it with DuckDB or Apache Spark, and `world` asks: expressions that
run on both unchanged. See docs/scale.md.
"""
