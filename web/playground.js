// Starts GraphiQL with example tabs that the server creates for the loaded city. GraphiQL itself restores tabs from
// earlier visits. Subscriptions use server-sent events.
(async () => {
  const root = document.getElementById('playground');
  const http = GraphiQL.createFetcher({ url: '/graphql' });

  const isSubscription = (params, options) =>
    (options?.documentAST?.definitions ?? []).some(
      (d) =>
        d.kind === 'OperationDefinition' &&
        d.operation === 'subscription' &&
        (!params.operationName || d.name?.value === params.operationName),
    );

  // Yields the data of each event until a `complete` event.
  async function* events(params, options) {
    const stop = new AbortController();
    try {
      const response = await fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...options?.headers },
        body: JSON.stringify(params),
        signal: stop.signal,
      });
      if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
        yield await response.json();
        return;
      }
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ''; ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        text += value;
        const blocks = text.split('\n\n');
        text = blocks.pop();
        for (const block of blocks) {
          if (block.startsWith('event: complete')) return;
          const data = block.split('\n').find((line) => line.startsWith('data: '));
          if (data) yield JSON.parse(data.slice(6));
        }
      }
    } finally {
      stop.abort();
    }
  }

  const fetcher = (params, options) => (isSubscription(params, options) ? events(params, options) : http(params, options));

  try {
    // A server that requires a token returns no examples without one.
    const examples = await fetch('/graphiql/tabs.json');
    const tabs = examples.ok ? await examples.json() : [{ query: '{ viewer { role token } }', headers: '{ "Authorization": "Bearer TOKEN" }' }];
    const element = React.createElement(
      GraphiQL,
      { fetcher, defaultTabs: tabs, defaultEditorToolsVisibility: 'variables' },
      React.createElement(GraphiQL.Logo, null, React.createElement('span', { className: 'walkshed-name' }, 'walkshed')),
    );
    ReactDOM.createRoot(root).render(element);
  } catch (error) {
    root.textContent = `The playground did not start: ${error}`;
  }
})();
