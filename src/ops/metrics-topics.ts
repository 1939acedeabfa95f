/** Metrics of messages among members of our kind. */
import { type Metric, ours, single } from "./metric.ts";

export const TOPIC_METRICS: readonly Metric[] = ours(
  {
    name: "gossip_member_events_said_total",
    type: "counter",
    help: "Events that our program broadcast.",
    read: ({ counts }) => single(counts.topics.eventsSaid),
  },
  {
    name: "gossip_member_events_heard_total",
    type: "counter",
    help: "Events received for us, including our own.",
    read: ({ counts }) => single(counts.topics.eventsHeard),
  },
  {
    name: "gossip_member_events_lost_total",
    type: "counter",
    help: "Events that slow subscribers of ours lost.",
    read: ({ counts }) => single(counts.topics.eventsLost),
  },
  {
    name: "gossip_member_queries_said_total",
    type: "counter",
    help: "Queries that our program sent.",
    read: ({ counts }) => single(counts.topics.queriesSaid),
  },
  {
    name: "gossip_member_queries_heard_total",
    type: "counter",
    help: "Queries received for us, including our own.",
    read: ({ counts }) => single(counts.topics.queriesHeard),
  },
  {
    name: "gossip_member_answers_failed_total",
    type: "counter",
    help: "Queries that our program failed to answer.",
    read: ({ counts }) => single(counts.topics.answersFailed),
  },
);
