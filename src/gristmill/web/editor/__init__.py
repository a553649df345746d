"""The editor of templates: the draft, what a look at it shows, and the words it completes."""
