"""The watcher: sees nodes through the API, decides by ``kubestead.recovery``, acts through the deploys, and tells."""
