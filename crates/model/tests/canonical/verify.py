"""Checks the vectors in this folder against CANONICAL.md without any of Sandbar's code: python3 verify.py

Written from that page and the Python standard library alone, so that it proves the page and shows how to
re-implement it.
"""

import hashlib
import json
import pathlib
import unicodedata
from decimal import Decimal

ADAPTOR = "@openfn/language-common@latest"
CRON = "0 0 * * *"


def nfc(text):
    return unicodedata.normalize("NFC", text)


def number(value):
    """A double as ECMAScript writes it (RFC 8785 section 3.2.2.3)."""
    value = float(value)
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, digits))
    point = len(digits) + exponent
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        fraction = "." + digits[1:] if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return ("-" if sign else "") + text


def write(value):
    """RFC 8785. Every key here is ASCII, so sorting by code point is sorting by UTF-16 unit."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{write(key)}:{write(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def without(given, defaults):
    """Without the fields that have their default."""
    return {key: value for key, value in given.items() if key not in defaults or value != defaults[key]}


def job(given):
    kept = without(given, {"adaptor": ADAPTOR, "uses": None})
    return kept | {"name": nfc(given["name"].strip())}


def trigger(given):
    if given["type"] == "cron":
        return without(given, {"expression": CRON, "cursor_job": None})
    given = given | {"auth_methods": sorted(set(given.get("auth_methods", [])))}
    unset = dict.fromkeys(["custom_path", "success_code", "error_code"])
    return without(given, unset | {"reply": "before_start", "auth_methods": []})


def edge(given):
    given = {key: value for key, value in given.items() if key not in ("label", "expression") or value}
    return without(given, {"condition": "always", "enabled": True})


def parts(given, tidy):
    return sorted(map(tidy, given), key=lambda part: part["id"])


def workflow(given):
    jobs = parts(given.get("jobs", []), job)
    triggers = parts(given.get("triggers", []), trigger)
    drawn = {part["id"] for part in jobs + triggers}
    positions = {part: at for part, at in given.get("positions", {}).items() if part in drawn}
    tidy = {
        "name": nfc(given["name"]),
        "positions": positions,
        "jobs": jobs,
        "triggers": triggers,
        "edges": parts(given.get("edges", []), edge),
    }
    empty = {"positions": {}, "jobs": [], "triggers": [], "edges": []}
    return without(given | tidy, empty | {"concurrency": None, "enable_job_logs": True})


def text(value):
    """A config's value as its own text: as `write`, but keys need not be ASCII and whole numbers of 64 bits stay whole."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{write(key)}:{text(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text, value)) + "]"
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64:
        return str(value)
    return write(value)


def config(given):
    order = ["workflow", "collection", "credential_link", "config", "keychain"]
    unique = {(reference["kind"], reference["id"]): reference for reference in given.get("references", [])}
    references = sorted(unique.values(), key=lambda one: (order.index(one["kind"]), one["id"]))
    tidy = given | {
        "name": nfc(given["name"]),
        "references": references,
        "value": text(json.loads(given["value"])),
    }
    return without(tidy, {"references": []})


def canonical(given):
    if given["kind"] == "workflow":
        return write(workflow(given))
    if given["kind"] == "config":
        return write(config(given))
    if given["kind"] == "credential_link":
        given = without(given, {"credential": None})
    if given["kind"] == "keychain":
        given = without(given, {"default_link": None})
    return write(given | {"name": nfc(given["name"])})


def main():
    checked = 0
    for file in sorted(pathlib.Path(__file__).parent.glob("*.json")):
        vector = json.loads(file.read_text("utf-8"))
        form = vector["body"] if "body" in vector else canonical(vector["given"])
        assert form == vector.get("canonical", form), f"{file.name}: {form}"
        digest = hashlib.sha256(form.encode("utf-8")).hexdigest()
        assert digest == vector["hash"], f"{file.name}: {digest}"
        checked += 1
    print(f"{checked} vectors hold")


if __name__ == "__main__":
    main()
