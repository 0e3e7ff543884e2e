"""The pipeline's board: whether Second Source itself is well."""

from __future__ import annotations

from deploy.grafana.panels import METRICS, WRAPPED, Json, Row, board, column, promql, sql, stat, steps, table, trend

RATE = "[$__rate_interval]"
STAGE = 'stage=~"$stage"'


def pipeline() -> Json:
    health = Row(
        "Is it well",
        [
            stat(
                "Stages running",
                "Stages that at least one process is running.",
                promql("count(max by (stage) (secondsource_stage_running) == 1) or vector(0)"),
                width=5,
            ),
            stat(
                "Waiting",
                "Records that have arrived and are not yet handled, all stages together.",
                promql("sum(max by (stage, partition) (secondsource_lag)) or vector(0)"),
                colours=steps((None, "green"), (10_000, "orange"), (100_000, "red")),
                width=5,
            ),
            stat(
                "Services away",
                "Broker, database, Slack or a platform that does not answer now.",
                promql("sum(max by (service) (secondsource_source_away)) or vector(0)"),
                colours=steps((None, "green"), (1, "red")),
                width=5,
            ),
            stat(
                "Blind",
                "Watches that a collector does not see now, each collector and watch counted.",
                promql("count(max by (collector, watch) (secondsource_collector_blind) == 1) or vector(0)"),
                colours=steps((None, "green"), (1, "red")),
                width=5,
            ),
            stat(
                "Dead letters waiting",
                "Records that could not be handled, and have not been sent again.",
                sql("dead_letters_waiting"),
                colours=steps((None, "green"), (1, "orange")),
                width=4,
            ),
        ],
    )
    rates = Row(
        "How much moves",
        [
            trend(
                "Taken in, by stage",
                "Messages a second. What is delivered again after a crash counts again.",
                [promql(f"sum by (stage) (rate(secondsource_messages_received_total{{{STAGE}}}{RATE}))", "{{stage}}")],
                unit="cps",
            ),
            trend(
                "Sent, by topic",
                "Messages a second.",
                [
                    promql(
                        f"sum by (topic, type) (rate(secondsource_messages_sent_total{{{STAGE}}}{RATE}))",
                        "{{topic}}: {{type}}",
                    )
                ],
                unit="cps",
            ),
            trend(
                "Posts, by watch",
                "A second, as they enter.",
                [promql(f"sum by (watch) (rate(secondsource_posts_total{RATE}))", "{{watch}}")],
                unit="cps",
            ),
            trend(
                "Steps in the lives of alerts",
                "An hour.",
                [
                    promql(
                        f"3600 * sum by (kind) (rate(secondsource_alert_events_total{RATE})) or vector(0)",
                        "{{kind}}",
                    )
                ],
            ),
        ],
    )
    behind = Row(
        "How far behind",
        [
            trend(
                "Waiting, by stage",
                "Records not yet handled.",
                [promql(f"sum by (stage) (max by (stage, partition) (secondsource_lag{{{STAGE}}}))", "{{stage}}")],
            ),
            trend(
                "Event time behind the clock",
                "Age of the newest tick each stage has handled. In a replay of old posts: how old they are.",
                [promql(f"time() - max by (stage) (secondsource_event_time_seconds{{{STAGE}}})", "{{stage}}")],
                unit="s",
            ),
            trend(
                "Since each collector last gave anything",
                "A collector that is well gives a tick every few seconds, posts or none.",
                [
                    promql(
                        "time() - max by (collector) (secondsource_collector_last_seen_seconds)",
                        "{{collector}}",
                    )
                ],
                unit="s",
            ),
            trend(
                "Since each collector last saw its watches",
                "Grows while a collector is blind, and while it is connected to a stream that sends nothing. Empty "
                "where no live collector runs.",
                [
                    promql(
                        "time() - min by (collector) (max by (collector, watch) "
                        "(secondsource_collector_seen_until_seconds)) or vector(0)",
                        "{{collector}}",
                    )
                ],
                unit="s",
            ),
            table(
                "Coverage",
                "When each collector really saw its watches, and when it was blind. Newest first.",
                sql("coverage"),
                width=12,
                height=8,
            ),
        ],
    )
    budgets = Row(
        "What it costs",
        [
            trend(
                "A batch, half of them and 95 %",
                "Time to handle one batch, sending and committing included.",
                [
                    promql(
                        f"histogram_quantile({share}, sum by (stage, le) "
                        f"(rate(secondsource_batch_seconds_bucket{{{STAGE}}}{RATE})))",
                        f"{{{{stage}}}} {name}",
                    )
                    for share, name in ((0.5, "half"), (0.95, "95 %"))
                ],
                unit="s",
            ),
            trend(
                "Budget: share of its time a stage is busy",
                "At 100 % a stage takes in all it can; what comes beyond that waits.",
                [
                    promql(
                        f"max by (stage) (rate(secondsource_batch_seconds_sum{{{STAGE}}}{RATE}))",
                        "{{stage}}",
                    )
                ],
                unit="percentunit",
            ),
            trend(
                "Time for one record, by stage",
                "Batch time over messages taken in.",
                [
                    promql(
                        f"sum by (stage) (rate(secondsource_batch_seconds_sum{{{STAGE}}}{RATE})) / "
                        f"sum by (stage) (rate(secondsource_messages_received_total{{{STAGE}}}{RATE}))",
                        "{{stage}}",
                    )
                ],
                unit="s",
            ),
            trend(
                "Memory, by process",
                "Resident.",
                [promql('process_resident_memory_bytes{job="secondsource"}', "{{process}} {{instance}}")],
                unit="bytes",
            ),
        ],
    )
    wrong = Row(
        "What goes wrong",
        [
            trend(
                "Dead letters, by stage",
                "A minute.",
                [
                    promql(
                        f"60 * sum by (stage) (rate(secondsource_dead_letters_total{RATE})) or vector(0)",
                        "{{stage}}",
                    )
                ],
            ),
            trend(
                "Waits for a service, by stage",
                "A minute.",
                [promql(f"60 * sum by (stage) (rate(secondsource_retries_total{RATE})) or vector(0)", "{{stage}}")],
            ),
            trend(
                "Deliveries, by outcome",
                "A minute. Postponed ones are tried again, refused ones are not.",
                [
                    promql(
                        "60 * sum by (destination_kind, outcome) "
                        f"(rate(secondsource_deliveries_total{RATE})) or vector(0)",
                        "{{destination_kind}} {{outcome}}",
                    )
                ],
            ),
            trend(
                "Alerts about Second Source itself",
                "Those of deploy/prometheus/rules that fire.",
                [promql('count by (alertname) (ALERTS{alertstate="firing"}) or vector(0)', "{{alertname}}")],
            ),
            table(
                "Dead letters, by reason",
                "Those not sent again. `secondsource dead-letters show` has the bytes.",
                sql("dead_letters"),
                column("Reason", wrap=WRAPPED),
                width=12,
            ),
            table(
                "On their way out",
                "Alert events by destination. `refused` will not be tried again.",
                sql("outbox"),
                width=12,
            ),
        ],
    )
    variable = {
        "type": "query",
        "name": "stage",
        "label": "Stage",
        "datasource": METRICS,
        "query": {"qryType": 1, "query": "label_values(secondsource_stage_running, stage)", "refId": "stage"},
        "definition": "label_values(secondsource_stage_running, stage)",
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
        "refresh": 2,
        "sort": 1,
    }
    firing = {
        "name": "Second Source is unwell",
        "datasource": METRICS,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing", severity="page"}',
        "titleFormat": "{{alertname}}",
    }
    about = "Whether Second Source itself is well: rates, lag, what goes wrong, what it costs."
    rows = [health, rates, behind, budgets, wrong]
    return board("pipeline", "Pipeline", about, rows, variables=[variable], annotations=[firing], since="now-1h")
