// How long work reports where it stands. Refuses to draw: a terminal bar and LSP work-done progress are the server's.

/** `done` of `total` in `unit` ('bytes', 'tokens', 'tensors', 'tasks'); `label` says of what. Called often: receivers throttle. */
export type OnProgress = (progress: { label: string; done: number; total: number; unit: string }) => void;

export const noProgress: OnProgress = () => {};
