import '@cloudscape-design/global-styles/index.css';
import 'virtual:opentrail-theme.css';
import './app/shell.css';
import { createRoot } from 'react-dom/client';
import { openSession } from './api/session.ts';
import { App } from './app/app.tsx';
import { followAppearance } from './app/appearance.ts';
import { followLinks, placeNow } from './app/router.ts';
import { routeOf } from './app/routes.tsx';

// The page's code is fetched while the server is asked who is signed in.
void openSession();
void routeOf(placeNow().path)
  ?.route.load()
  .catch(() => undefined);
followAppearance();
followLinks();
createRoot(document.getElementById('app')!).render(<App />);
