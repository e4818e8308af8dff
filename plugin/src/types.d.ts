declare module 'amd-module' {
  /** Where the loader of AMD modules took this module from. */
  export const uri: string | undefined;
}
