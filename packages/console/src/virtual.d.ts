/** Made when the console is built: build/theme.ts. */
declare module 'virtual:opentrail-theme.css';
