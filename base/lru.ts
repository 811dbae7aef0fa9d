// A cache bounded in bytes that forgets what was used longest ago. Refuses to hold anything larger than its bound.

export class ByteLru<K, V> {
  private readonly entries = new Map<K, { value: V; bytes: number }>();
  private bytesHeld = 0;

  constructor(
    private readonly bytesMax: number,
    private readonly sizeOf: (value: V) => number,
  ) {}

  get bytes(): number {
    return this.bytesHeld;
  }

  get(key: K): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: K, value: V): void {
    this.delete(key);
    const bytes = this.sizeOf(value);
    if (bytes > this.bytesMax) return;
    this.entries.set(key, { value, bytes });
    this.bytesHeld += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.bytesHeld <= this.bytesMax) break;
      this.delete(oldest);
    }
  }

  clear(): void {
    this.entries.clear();
    this.bytesHeld = 0;
  }

  delete(key: K): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.bytesHeld -= entry.bytes;
  }
}
