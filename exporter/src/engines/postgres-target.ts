/** A PostgreSQL server as engines are given it: every secret resolved, every folder absolute. */
export interface PostgresServer {
  /** Host name, address, or the folder of its socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Null: the server trusts the connection (peer, trust, a certificate). Never into argv, logs or messages. */
  readonly password: string | null;
  /** Database to connect to for everything that belongs to no other. */
  readonly database: string;
  /** PEM of the authority; null: no TLS (sockets and loopback). */
  readonly tlsCa: string | null;
}

/** Whom programs of PostgreSQL run as when this process is root: they refuse root. */
export interface UnixUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresTarget extends PostgresServer {
  /** PGDATA of the server where it stands on this machine; null: it stands elsewhere. */
  readonly data: string | null;
  /** Folder of postgres, pg_dump, pg_amcheck …; null: looked for (PATH, /usr/lib/postgresql/<newest>/bin). */
  readonly bin: string | null;
  /** Null: as this process. */
  readonly runAs: UnixUser | null;
  readonly standbys: readonly (PostgresServer & { readonly name: string })[];
}
