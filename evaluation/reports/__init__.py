"""What a run looks like: the HTML report and its parts."""
