;;; kedge-lsp-mode.el --- Kedge in Emacs, through lsp-mode -*- lexical-binding: t -*-

;; Load this file, then M-x lsp as for any server: as an add-on, Kedge runs
;; beside the language's own server.

(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client
    :new-connection (lsp-stdio-connection '("kedge" "--stdio"))
    :activation-fn (lsp-activate-on "typescript" "typescriptreact"
                                    "javascript" "javascriptreact" "python")
    :server-id 'kedge
    :add-on? t)))

(provide 'kedge-lsp-mode)
;;; kedge-lsp-mode.el ends here
