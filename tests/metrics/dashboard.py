# SPDX-License-Identifier: GPL-2.0
"""What a dashboard of Grafana has to be."""
import re

UNITS = {"short", "bytes", "ops", "s", "percentunit"}
KINDS = {"row", "stat", "timeseries", "heatmap", "table"}
# Words of the query language that look like metrics are none of ours.
METRIC = re.compile(r"\brefheap_\w+")


def panels_of(board):
    """All but the rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions(board):
    """All queries, those that fill the variables included."""
    found = [target["expr"] for panel in panels_of(board) for target in panel["targets"]]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            inner = re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"])
            found.append(inner[1])
    return found


def metrics_of(expression):
    return set(METRIC.findall(expression))


def check_labels(board, labels):
    """What is chosen, grouped and written by is there, of each metric."""
    for expression in expressions(board):
        for metric, matchers in re.findall(r"(refheap_\w+)\{([^}]*)\}", expression):
            wanted = set(re.findall(r"(\w+)\s*[=!]", matchers))
            assert wanted <= labels[metric], f"{metric}: {wanted - labels[metric]}"
    for panel in panels_of(board):
        for target in panel["targets"]:
            known = set().union(*(labels[metric] for metric in metrics_of(target["expr"])))
            groups = re.findall(r"by \(([^)]*)\)", target["expr"])
            for group in groups:
                assert set(re.findall(r"\w+", group)) <= known, target["expr"]
            kept = set(re.findall(r"\w+", groups[0])) if groups else known
            written = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
            assert written <= kept, (target["expr"], written - kept)


def check_unit(panel):
    """The unit of the axis is that of the metrics."""
    unit = panel["fieldConfig"]["defaults"].get("unit")
    if panel["type"] in ("heatmap", "table"):
        return
    assert unit in UNITS, (panel["title"], unit)
    for target in panel["targets"]:
        expression, legend = target["expr"], target.get("legendFormat", "")
        if " / " in expression:
            assert unit in ("percentunit", "s"), panel["title"]
        elif "_seconds" in expression:
            share = unit == "percentunit" and expression.startswith("rate(")
            assert unit == "s" or share or legend.endswith(", s"), panel["title"]
        elif "_bytes" in expression:
            assert unit == "bytes", panel["title"]
        elif expression.startswith(("rate(", "deriv(")):
            assert unit == "ops", panel["title"]
        else:
            assert unit == "short", panel["title"]


def fill_in(expression):
    """As Grafana does, with all of everything."""
    for name, value in (("$instance", ".*"), ("$uid", ".*"), ("$heap", ".*"),
                        ("$__rate_interval", "1m")):
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"] and
            one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def check_panel(panel, variables):
    assert panel["type"] in KINDS, panel["type"]
    assert panel["title"], panel["id"]
    position = panel["gridPos"]
    assert position["x"] >= 0 and position["x"] + position["w"] <= 24, panel["title"]
    if panel["type"] == "row":
        return
    assert panel["description"].endswith("."), panel["title"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
    assert panel["targets"] and isinstance(panel["options"], dict), panel["title"]
    assert isinstance(panel["fieldConfig"]["defaults"], dict), panel["title"]
    check_unit(panel)
    letters = [target["refId"] for target in panel["targets"]]
    assert len(set(letters)) == len(letters), panel["title"]
    for target in panel["targets"]:
        used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
        assert used <= variables, target["expr"]


def check(board):
    """The parts that Grafana needs, and that nothing is on top of something else."""
    assert board["uid"] and board["title"] and board["schemaVersion"] >= 36
    assert {"from", "to"} == set(board["time"])
    assert "id" not in board, "the number of a board is Grafana's to give"
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert "datasource" in variables
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in board["panels"]:
        check_panel(panel, variables)
    for i, panel in enumerate(board["panels"]):
        for other in board["panels"][:i]:
            assert not overlap(panel["gridPos"], other["gridPos"]), (panel["title"], other["title"])
