"""One call to the portal: an answer, or how it was lost. Judges nothing."""
