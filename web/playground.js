// Starts GraphiQL with the tabs the server has made for the loaded city. Tabs a user has opened before are kept by
// GraphiQL itself.
(async () => {
  const root = document.getElementById('playground');
  try {
    const tabs = await (await fetch('/graphiql/tabs.json')).json();
    const element = React.createElement(
      GraphiQL,
      { fetcher: GraphiQL.createFetcher({ url: '/graphql' }), defaultTabs: tabs, defaultEditorToolsVisibility: 'variables' },
      React.createElement(GraphiQL.Logo, null, React.createElement('span', { className: 'walkshed-name' }, 'walkshed')),
    );
    ReactDOM.createRoot(root).render(element);
  } catch (error) {
    root.textContent = `The playground did not start: ${error}`;
  }
})();
