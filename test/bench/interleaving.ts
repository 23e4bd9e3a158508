/** The values of each contender, one per repetition. */
export type Measured<Contender, Value> = ReadonlyMap<Contender, readonly Value[]>;

/**
 * Measures every contender once in each repetition, so that a slow minute of the machine affects all alike. The first contender
 * changes with each repetition. If there are several repetitions, one more comes first, so that engines warm up.
 */
export async function interleaved<Contender, Value>(
  repetitions: number,
  contenders: readonly Contender[],
  measure: (contender: Contender) => Promise<Value>,
): Promise<Measured<Contender, Value>> {
  const measured = new Map<Contender, Value[]>(contenders.map((contender) => [contender, []]));
  for (let repetition = repetitions > 1 ? -1 : 0; repetition < repetitions; repetition++) {
    const first = Math.max(repetition, 0) % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const value = await measure(contender);
      if (repetition >= 0) measured.get(contender)?.push(value);
    }
  }
  return measured;
}
