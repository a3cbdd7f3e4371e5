"""What the command line reports in one line and exit code 2."""


class ExportError(Exception):
    """Bad input, or a run that cannot become a golden. The message is complete: it names the file or step at fault."""


class IllConditioned(ExportError):
    """Rounding alone moves the case's results too far, or tips a discrete outcome: it cannot judge a port."""
