"""Systems: who asks whom what."""
