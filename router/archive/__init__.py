"""What is kept for years: transcripts, assignments with their reasons, ratings, audit."""
