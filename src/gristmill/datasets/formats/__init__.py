"""What each format makes of records: columns, conversations, pairs, and folders with a card."""
