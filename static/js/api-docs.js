// Renders the API's document. What is typed into "Authorize" stays in this page and goes when it is closed.
if (window.SwaggerUIBundle) {
  const place = document.getElementById("document");
  SwaggerUIBundle({
    url: place.dataset.document,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    persistAuthorization: false,
    validatorUrl: null,
  });
}
