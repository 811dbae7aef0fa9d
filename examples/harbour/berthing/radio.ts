// Talking to ships over VHF.
export type Channel = 12 | 14 | 16;

export interface Transmitter {
  send(channel: Channel, text: string): void;
}

export class PortRadio {
  constructor(private readonly transmitter: Transmitter) {}

  /** Calls one ship by name on the working channel. */
  hailShip(name: string, text: string): void {
    this.transmitter.send(12, `${name}, ${name}, harbour control: ${text}`);
  }

  /** Says something to everybody who listens. */
  allStations(text: string): void {
    this.transmitter.send(16, `all stations: ${text}`);
  }
}
