"""What images consist of, in words: places that look alike in any image have the same word."""
