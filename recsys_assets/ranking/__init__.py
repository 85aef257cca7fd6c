"""What turns candidate lists into recommendations: plain arrays in, plain arrays out."""

CONFIGURATIONS = ("fusion", "reranker_lambdamart", "reranker_binary", "reranker", "blend")
"""Names of the final rankings that are graded against each other; their lists stand beside the algorithms'."""
