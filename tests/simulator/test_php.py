"""The port of parse_str and parse_url against the real interpreter."""

import json
import random
import subprocess
from typing import Any

from launcher.simulator import php
from launcher.simulator.php import parse_url
from tests.support import tools

ROUNDS = 700
"""Generated strings of each sort: enough that a wrong rule shows on every seed tried."""

SCRIPT = r"""
$out = [];
foreach (json_decode(stream_get_contents(STDIN), true) as [$kind, $hex]) {
    $text = hex2bin($hex);
    if ($kind === 'query') {
        $value = []; @parse_str($text, $value);
    } else {
        $url = parse_url($text);
        $value = $url === false ? false : [$url['path'] ?? null, $url['query'] ?? null];
    }
    $out[] = bin2hex(serialize($value));
}
echo json_encode($out);
"""

PIECES = [
    *(
        "a",
        "b",
        "TEMPLATE_ID",
        "DOCUMENT_ID",
        "PARAMETERS",
        "[",
        "]",
        "[]",
        "[0]",
        "[1]",
        "[05]",
        "[-3]",
        "[ ]",
    ),
    *(
        "[",
        "]",
        "&",
        "&",
        "&",
        "=",
        "=",
        "=",
        "+",
        "%20",
        "%5B",
        "%5D",
        "%5b",
        "%zz",
        "%",
        "%00",
        "%D0%9F",
        "%ff",
    ),
    *(
        ".",
        " ",
        "\t",
        "[a b.c]",
        "Имя",
        "😀",
        "'",
        '"',
        "\\",
        "$result[x]",
        "7",
        "9223372036854775807",
        "__Host-",
    ),
]
URL_PIECES = [
    "bizproc.workflow.start",
    "m",
    "?",
    "?",
    "#",
    ":",
    "/",
    "//",
    "80",
    "@",
    "a=b",
    "\n",
    "\x7f",
    "й",
    "x",
]


def ask_php(cases: list[tuple[str, str]]) -> list[Any]:
    """Give each (kind, text) to the real interpreter; return its serialized values as bytes."""
    program = tools.need("php")
    given = json.dumps([(kind, _bytes(text).hex()) for kind, text in cases])
    done = subprocess.run(
        [program, "-n", "-r", SCRIPT], input=given, capture_output=True, text=True, check=True
    )
    return [bytes.fromhex(answer) for answer in json.loads(done.stdout)]


def serialized(value: Any) -> bytes:
    """Return serialize($value): it tells "1" from 1 and keeps the order of keys."""
    if value is None:
        return b"N;"
    if value is False:
        return b"b:0;"
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, str):
        return b's:%d:"%s";' % (len(_bytes(value)), _bytes(value))
    return b"a:%d:{%s}" % (len(value), b"".join(serialized(k) + serialized(v) for k, v in value.items()))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def test_queries_are_read_as_php_reads_them() -> None:
    rng = random.Random(36)
    texts = ["".join(rng.choices(PIECES, k=rng.randint(1, 14))) for _ in range(ROUNDS)]
    texts += ["a[b c.d=1", "a[b][c=1", "a[b%00c]=1", "a[[b]]=1", "a[][]=1&a[][]=2", "..Host-b=1", "_ Host-c=1"]
    texts += [f"k{'[x]' * depth}=1&k=2" for depth in (63, 64, 65)]
    texts += [f"a[q]=0&a{'[x]' * 65}=1", "a[9223372036854775807]=1&a[]=2", "a[-5]=1&a[]=2"]

    answers = ask_php([("query", text) for text in texts])

    for text, answer in zip(texts, answers, strict=True):
        assert serialized(php.parse_str(text)) == answer, text


def test_more_than_a_thousand_variables_are_cut_without_a_word() -> None:
    text = "&".join(f"a[{n}]={n}" for n in range(1200))

    (answer,) = ask_php([("query", text)])

    assert serialized(php.parse_str(text)) == answer
    assert len(php.parse_str(text)["a"]) == 1000


def test_commands_are_taken_apart_as_php_takes_them_apart() -> None:
    rng = random.Random(36)
    texts = ["".join(rng.choices(URL_PIECES, k=rng.randint(1, 7))) for _ in range(ROUNDS)]
    texts += [
        "bizproc.workflow.start?a=b#c",
        "profile",
        "",
        "?a",
        "m:80/x?y",
        "m:99999/x",
        "x://",
        ":80",
        "file:///a?b",
    ]

    answers = ask_php([("url", text) for text in texts])

    for text, answer in zip(texts, answers, strict=True):
        url = parse_url(text)
        ours = False if url is None else {0: url.path, 1: url.query}
        assert serialized(ours) == answer, text
