// `workspace/didChangeConfiguration`: the editor's settings changed. Refuses to look at other servers' sections.
import type { DidChangeConfigurationParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';

export const didChangeConfiguration = (daemon: Daemon) => ({ settings }: DidChangeConfigurationParams): Promise<void> => daemon.settingsChanged(settings);
