# SPDX-License-Identifier: GPL-2.0
"""What a dashboard of Grafana has to be."""
import re

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
