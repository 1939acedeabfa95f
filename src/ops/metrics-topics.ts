/** Metrics of messages among members of our kind. */
import { type Metric, ours, single } from "./metric.ts";

export const TOPIC_METRICS: readonly Metric[] = ours(
  {
    name: "gossip_member_events_said_total",
    type: "counter",
    help: "Events that our program has said to other members.",
    read: ({ counts }) => single(counts.topics.eventsSaid),
  },
  {
    name: "gossip_member_events_heard_total",
    type: "counter",
    help: "Events of members that were for us, our own among them.",
    read: ({ counts }) => single(counts.topics.eventsHeard),
  },
  {
    name: "gossip_member_events_lost_total",
    type: "counter",
    help: "Events that a subscriber of ours lost because it was too slow.",
    read: ({ counts }) => single(counts.topics.eventsLost),
  },
  {
    name: "gossip_member_queries_said_total",
    type: "counter",
    help: "Queries that our program has asked.",
    read: ({ counts }) => single(counts.topics.queriesSaid),
  },
  {
    name: "gossip_member_queries_heard_total",
    type: "counter",
    help: "Queries of members that were for us, our own among them.",
    read: ({ counts }) => single(counts.topics.queriesHeard),
  },
  {
    name: "gossip_member_answers_failed_total",
    type: "counter",
    help: "Queries that our program failed to answer.",
    read: ({ counts }) => single(counts.topics.answersFailed),
  },
);
