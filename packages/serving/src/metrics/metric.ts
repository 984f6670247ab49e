/** What a metric is called and how its numbers are told apart. */
export interface MetricDescription {
  /** TensorFlow's internal name, such as `/tensorflow/serving/request_count`, or one in Prometheus's style. */
  readonly name: string;
  readonly labels?: readonly string[];
  /** How many sets of label values are told apart: less than usual where requesters choose the values. */
  readonly maxSeries?: number;
  /** One sentence. TensorFlow Serving writes none, so its metrics have none. */
  readonly help?: string;
}

/** Numbers under one name. */
export interface Metric {
  readonly description: MetricDescription;
  readonly type: "counter" | "gauge" | "histogram";
  /** The lines of its series, without those that describe it. */
  lines(name: string): string[];
}
