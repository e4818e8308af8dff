import { join } from 'node:path';

/** The layout on disk; docs/reference/repository-format.md tells it in words. */
export const formatVersion = 1;
export const markerFile = 'genesis-repository.json';
export const extrasFolder = 'genesis';
export const backupsFolder = 'backups';
export const manifestFile = 'manifest.json';
export const configFile = 'config.yaml';
export const partialPrefix = '.partial-';
export const sealedSuffix = '.sealed';
export const backupIdPattern = /^backup_\d{8}_\d{6}_[0-9a-f]{8}$/;
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export function isBackupId(text: string): boolean {
  return backupIdPattern.test(text);
}

/** Names of services and components as they may stand in a path of the repository. */
export function isSafeName(text: string): boolean {
  return namePattern.test(text);
}

export function serviceFolder(repository: string, service: string): string {
  return join(repository, backupsFolder, service);
}
export function backupFolder(repository: string, service: string, id: string): string {
  return join(serviceFolder(repository, service), id);
}
/** Work in progress; renamed to `backupFolder` when everything in it is durable. */
export function partialFolder(repository: string, service: string, id: string): string {
  return join(serviceFolder(repository, service), partialPrefix + id);
}
export function archiveFile(component: string, sealed: boolean): string {
  return `${component}.tar.zst${sealed ? sealedSuffix : ''}`;
}
export function fileListFile(component: string, sealed: boolean): string {
  return `${component}.files.zst${sealed ? sealedSuffix : ''}`;
}
export function extraFile(repository: string, name: string, sealed: boolean): string {
  return join(repository, extrasFolder, name + (sealed ? sealedSuffix : ''));
}
