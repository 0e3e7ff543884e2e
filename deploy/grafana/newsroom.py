"""The newsroom's board: which stories spread without corroboration, which pictures have lived before, what comes in."""

from __future__ import annotations

from deploy.grafana.panels import STORE, WRAPPED, Json, Row, bars, board, column, sql, stat, states, steps, table, trend

EVIDENCE = {"title": "Evidence", "url": "${__value.raw}", "targetBlank": True}


def newsroom() -> Json:
    now = Row(
        "Now",
        [
            stat(
                "Posts",
                "Collected in the time shown, each once, however many watches it belongs to.",
                sql("posts"),
            ),
            stat(
                "Open alerts",
                "Neither corroborated nor expired. Dated by their newest step, whatever time is shown.",
                sql("open_alerts_count"),
                colours=steps((None, "text"), (1, "orange")),
            ),
            stat(
                "Uncorroborated stories",
                "Stories with a post in the time shown, with too few independent origins.",
                sql("uncorroborated_count"),
            ),
            stat(
                "Pictures seen before",
                "Pictures posted in the time shown of which there is an earlier sighting, the same or nearly so.",
                sql("pictures_seen_before"),
            ),
        ],
    )
    alerts = Row(
        "What to look at",
        [
            table(
                "Open alerts",
                "Newest step first, with the gravest rule each stands for. The link opens the evidence page.",
                sql("open_alerts"),
                column("Since", width=170),
                column("Watch", width=120),
                column("Headline", wrap=WRAPPED),
                column("Evidence", links=[EVIDENCE], width=160),
            ),
            table(
                "Most spread uncorroborated stories",
                "By interactions: reposts, quotes and replies. `Expected` is what the watch's earlier stories had at "
                "that age, `Surprise` how improbable the spread is against it; empty where history is too short.",
                sql("most_spread"),
                column("Claim", wrap=WRAPPED, width=520),
                column("Surprise", unit="sci"),
                height=10,
            ),
            table(
                "Reused pictures",
                "Posted in the time shown and seen before, the same picture or one within 31 of 256 bits of it.",
                sql("reused_pictures"),
                column("First seen", width=170),
                column("Last seen", width=170),
                column("Words it carried first", wrap=WRAPPED, width=480),
                height=10,
            ),
            table(
                "How good alerts were",
                "Alerts that opened in the time shown, by what analysts said when they dismissed them. Precision is "
                "the share of useful and known ones among those with a verdict; times are medians, the lead is over "
                "corroboration. `secondsource verdicts` says the same, with intervals.",
                sql("verdicts"),
                column("Precision", unit="percentunit"),
                column("Time to acknowledge", unit="s"),
                column("Lead", unit="s"),
            ),
        ],
    )
    volume = Row(
        "What comes in",
        [
            trend(
                "Posts per watch",
                "When our collectors saw them. A post of two watches counts in both.",
                [
                    sql(
                        "posts_per_watch",
                        "time_series",
                    )
                ],
                stacked=True,
                width=16,
            ),
            bars(
                "Languages",
                "As recognised in the text; `und` where it does not tell.",
                sql("languages"),
                height=8,
            ),
            table(
                "Entities",
                "Named most often, by post. People, places, organisations, events; hashtags and mentions too.",
                sql("entities"),
                width=8,
            ),
            bars(
                "How posts take what they speak of",
                "Asserting, denying, asking, commenting: told from the words of each post.",
                sql("stances"),
            ),
            bars(
                "Corroboration of stories",
                "Stories with a post in the time shown, but for those that went on in another.",
                sql("corroboration"),
            ),
            bars(
                "What alerts are for",
                "Alerts with a step in the time shown, by the gravest rule each stood for.",
                sql("alerts_by_rule"),
            ),
        ],
    )
    sight = Row(
        "What we could see",
        [
            states(
                "Coverage",
                "When each collector saw each watch. Blind: not connected, or connected to a stream that sent nothing "
                "where it should have. Where a line is blind, a missing source may only have gone unseen.",
                sql("coverage_timeline", "time_series"),
                (0, "blind", "red"),
                (1, "seen", "green"),
            ),
        ],
    )
    variable = {
        "type": "query",
        "name": "watch",
        "label": "Watch",
        "datasource": STORE,
        "query": "SELECT DISTINCT watch FROM stories ORDER BY 1",
        "definition": "SELECT DISTINCT watch FROM stories ORDER BY 1",
        "multi": True,
        "includeAll": True,
        "current": {"text": ["All"], "value": ["$__all"]},
        "refresh": 2,
        "sort": 0,
    }
    opened = {
        "name": "Alerts opened",
        "datasource": STORE,
        "enable": True,
        "iconColor": "orange",
        "target": {"refId": "Opened", **sql("alerts_opened")},
    }
    about = "Which stories spread without corroboration, which pictures have lived before, and what comes in."
    return board(
        "newsroom",
        "Newsroom",
        about,
        [now, alerts, volume, sight],
        variables=[variable],
        annotations=[opened],
        since="now-24h",
    )
