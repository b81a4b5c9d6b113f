"""Real servers, killed without a word, again and again: what was answered must be there."""
