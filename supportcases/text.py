"""What a reader sees of a text: grapheme clusters, each one character to the eye and perhaps several code points."""


def beginning(text: str, length: int) -> str:
    """Return as many whole grapheme clusters (UAX #29) of the beginning of `text` as `length` code points hold."""
    if len(text) <= length:
        return text
    from wcwidth import iter_graphemes  # here, since its tables take longer to import than all else of ours together

    end = 0
    for cluster in iter_graphemes(text[: length + 1]):
        if end + len(cluster) > length:
            break
        end += len(cluster)
    return text[:end]
