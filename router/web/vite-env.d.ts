/// <reference types="vite/client" />

/** Where the widget's panel lies on the server, with the hash of its content in its name. */
declare const __PANEL__: string;

/** The same for what `<fairline-queue-status>` is made of. */
declare const __STATUS__: string;
