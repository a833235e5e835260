// Starts GraphiQL with the tabs the server has made for the loaded city. Tabs a user has opened before are kept by
// GraphiQL itself. Subscriptions are followed as server-sent events.
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

  // The data of events one by one; `complete` ends them.
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
    // A server that answers those with a token alone gives no examples before there is one.
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
