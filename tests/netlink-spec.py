# SPDX-License-Identifier: GPL-2.0
"""Holds the YAML description of the netlink family against the header.

  netlink-spec.py SPEC.yaml HEADER.h

Prints what differs: names and numbers of commands, attributes and enums;
attributes that no policy or operation can name.
"""
import re
import sys

import yaml


def enumerators(header, name):
    """The constants of an enum, with their values."""
    body = re.search(rf"enum {name} {{(.*?)^}};", header, re.S | re.M)[1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    value, found = -1, {}
    for item in filter(None, (item.strip() for item in body.split(","))):
        constant, _, number = (part.strip() for part in item.partition("="))
        value = int(number, 0) if number else value + 1
        if not constant.startswith("__"):
            found[constant] = value
    return found


def listed(entries, prefix, start=0):
    """The same of a list in the description."""
    value, found = start - 1, {}
    for entry in entries:
        entry = {"name": entry} if isinstance(entry, str) else entry
        value = entry.get("value", value + 1)
        found[(prefix + entry["name"]).upper().replace("-", "_")] = value
    return found


def compare(what, ours, theirs):
    for name in ours | theirs:
        if ours.get(name) != theirs.get(name):
            print(f"{what}: {name}: {ours.get(name)} in the description, "
                  f"{theirs.get(name)} in the header")


def check_operations(spec, attributes):
    for operation in spec["operations"]["list"]:
        for mode in ("do", "dump", "event"):
            part = operation.get(mode) or {}
            sides = [part] if mode == "event" else [part.get("request"), part.get("reply")]
            for side in filter(None, sides):
                for name in set(side.get("attributes", [])) - attributes:
                    print(f"{operation['name']}: no such attribute: {name}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        header = file.read()
    family = spec["attribute-sets"][0]
    compare("attributes", listed(family["attributes"], family["name-prefix"]),
            enumerators(header, "refheap_attr"))
    compare("commands", listed(spec["operations"]["list"], spec["operations"]["name-prefix"]),
            enumerators(header, "refheap_cmd"))
    for definition in spec["definitions"]:
        name = definition["name"]
        if definition["type"] == "enum":
            compare(name, listed(definition["entries"], f"refheap-{name}-",
                                 definition.get("value-start", 0)),
                    enumerators(header, "refheap_" + name.replace("-", "_")))
    names = {attribute["name"] for attribute in family["attributes"]}
    for subset in spec["attribute-sets"][1:]:
        for attribute in subset["attributes"]:
            if attribute["name"] not in names:
                print(f"{subset['name']}: no such attribute: {attribute['name']}")
    check_operations(spec, names)
    groups = {group["name"] for group in spec["mcast-groups"]["list"]}
    in_header = set(re.findall(r'_MCGRP_\w+\s+"(\w+)"', header))
    if groups != in_header:
        print(f"groups: {sorted(groups)} in the description, {sorted(in_header)} in the header")


main()
