;;; kedge.el --- Kedge in Emacs, through lsp-mode or eglot -*- lexical-binding: t -*-

;; lsp-mode runs Kedge beside each language's own server; eglot has one server
;; per buffer, so there it stands alone.  Both show completions through company
;; or the built-in completion at point.

(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client
    :new-connection (lsp-stdio-connection '("kedge" "--stdio"))
    :activation-fn (lsp-activate-on "typescript" "typescriptreact"
                                    "javascript" "javascriptreact" "python")
    :server-id 'kedge
    :add-on? t)))

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               '((python-mode python-ts-mode js-mode js-ts-mode
                  typescript-mode typescript-ts-mode tsx-ts-mode)
                 . ("kedge" "--stdio"))))

(provide 'kedge)
;;; kedge.el ends here
