"""How large a submission's file may be; who only looks at files needs no PyTorch for it."""

LARGEST_FILE = 250_000_000  # bytes: iteration 1's 6.4 million float32 numbers take 26 MB
LARGEST_HEADER = 5_000_000  # bytes: iteration 8's takes 20 kB
